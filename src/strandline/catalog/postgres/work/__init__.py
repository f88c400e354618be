"""What many machines do together: tasks, their parts, and the queue. Nothing here is imported without the extra."""
