"""What a sentence means: labels, risks, times, numbers, announcements. Pure."""
