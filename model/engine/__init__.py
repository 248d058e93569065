"""Running requests on a device, whatever model answers them."""
