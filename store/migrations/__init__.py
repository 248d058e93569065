"""The steps to the present shape of the records; a released step is never changed."""
