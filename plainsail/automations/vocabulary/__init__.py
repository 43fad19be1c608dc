"""The words that automations bring along themselves: what starts them, what they ask and what they do."""
