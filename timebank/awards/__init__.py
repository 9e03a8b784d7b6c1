"""表彰奖励情况 (民政部令第67号 art 9): what volunteers were commended for, when and by whom, as staff have seen it."""
