"""People as such, whatever campaigns they are on: erasing what is known of them."""
