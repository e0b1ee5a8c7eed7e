"""The page: what the server gives to the browsers of people. Served files only, no logic."""
