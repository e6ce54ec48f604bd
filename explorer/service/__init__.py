"""Work on worlds: painting what people want to see, edits, exports, and jobs that take long."""
