"""Writers: what the domains have to say, as files and pictures.

A table is described once (typed columns, rows, filters, definitions) and written as CSV or XLSX; both say the same, and
the same table gives the same bytes every time. A QR picture holds any code; PDF pages carry their Chinese font with
them. Nothing here knows a business word, a database or the time.
"""
