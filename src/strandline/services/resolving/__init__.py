"""Room: conflict copies that sync clients left are listed, and resolved so that no bytes are lost."""
