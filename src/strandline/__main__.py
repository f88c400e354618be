import sys

from strandline.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
