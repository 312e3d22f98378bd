"""The web page: what it shows of documents, its files, and the server on loopback."""
