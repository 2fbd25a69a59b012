#!/bin/sh
# A substitute for @name@: starts and stops the practice primary of this folder, and nothing else.
exec @command@ -- "$@"
