"""Floor 5: settings, assembly, watcher, jobs. Puts the rooms together; async lives only here and in web."""
