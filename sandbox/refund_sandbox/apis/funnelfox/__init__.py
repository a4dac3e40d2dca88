"""FunnelFox Billing: what is sold, bought, renewed and given back."""
