"""Where the next glimpse goes: learned policies, and those of the controls."""
