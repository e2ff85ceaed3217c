def config_faults(config): return []
