"""Who may take how much: limits, free quotas of people in need, proxies who collect for them."""
