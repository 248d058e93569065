"""Files of the page: settings of the chat frame, public files, words and sample photos."""
