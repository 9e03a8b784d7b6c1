"""培训情况 (民政部令第67号 art 8, rule R05): courses and who took part; learning time is never service time and earns nothing."""
