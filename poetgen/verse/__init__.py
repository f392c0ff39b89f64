"""The rules of verse: forms, tones and rhymes, and a judge of finished poems."""
