"""What wakes the workers: five verbs (`port`), an engine behind them (`dbos`), and the `reaper`."""
