// HotReload
