"""What a claim says of the numbers of its arms."""
