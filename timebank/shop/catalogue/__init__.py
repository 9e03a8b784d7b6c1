"""What a shop offers: goods, their prices and pictures, and the barcodes that name them."""
