"""When an encoder is trained, and at which learning rate."""
