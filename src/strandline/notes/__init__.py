"""Floor 2: text. What notes say about pictures, and which file each reference means.

Pure: this room gets a note's text and a listing of files, and touches no disk. There are two readers. The strict one
(``reading``) finds references with their positions, and decides what is *missing*. The loose one (``mentions``) finds
every name that a text contains, and decides what is *unused*. ``resolver`` says what a reference means, by the rules
of the tool that the notes are written for (``profiles``).
"""
