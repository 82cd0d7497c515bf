"""All that the portal holds about one person, for that person: on a page, as JSON, as PDF."""
