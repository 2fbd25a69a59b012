"""The texts of the wizard, separate from its code, by the code of the finding, refusal or question."""
