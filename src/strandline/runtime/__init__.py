"""Floor 5: settings, assembly, watcher, jobs. Connects the rooms below; async code is only here and in web."""
