"""What the book needs beyond Jupyter Book: a Sphinx extension, styles, browser assets, and the build command."""
