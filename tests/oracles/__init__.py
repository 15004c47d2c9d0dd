"""What each oracle promises, both ways: true derivatives are accepted, false ones are not."""
