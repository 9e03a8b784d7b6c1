"""投诉 (民政部令第67号 art 20-22): what somebody reports about an organisation, an activity or a volunteer, and its answer."""
