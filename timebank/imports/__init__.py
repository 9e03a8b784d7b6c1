"""Import: rosters, activities and past hours out of spreadsheets, line by line, all or nothing.

A layout says how a file looks; a plan says what each line would do, and why not. The plan is the dry run, and the
commit is the same plan carried out in one transaction: what the one shows the other does.
"""
