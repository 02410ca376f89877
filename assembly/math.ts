// v128 elementary functions with stated error bounds. (stub)
