"""The full-screen user interface: Textual, keyboard only, no decision of the domain.

Textual reads its own environment variables when it is imported: they can write every key into a file, load a driver by
name, or press keys. A program that takes passwords as root wants none of that, so they are dropped here, before any
module of this package can import Textual.
"""

import gc
import os

# Rechecked for garbage while thousands of lasting objects are made costs a tenth of the start; on again once painted.
gc.disable()
for _name in [name for name in os.environ if name == "TEXTUAL" or name.startswith("TEXTUAL_")]:
    del os.environ[_name]
# Asking for the kitty keyboard protocol sends bytes that older terminals print as text.
os.environ["TEXTUAL_DISABLE_KITTY_KEY"] = "1"
