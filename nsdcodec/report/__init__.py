"""The page that shows a file: one HTML document that decodes it in the browser and asks no network."""
