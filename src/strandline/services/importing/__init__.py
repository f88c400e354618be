"""Importing: pictures from folders, archives, and addresses, and what another catalog knows."""
