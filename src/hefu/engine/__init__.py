"""The verbs that move data. Each is handed a `Hub` (store, project, connections, Env) and keeps no state of its own."""
