"""What the wizard says, apart from what it does: each text by the code that scripts and the catalogue know it by."""
