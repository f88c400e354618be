import sys

from strandline.cli.start import main
from strandline.pictures.frozen import freeze_support

if __name__ == "__main__":
    freeze_support()
    sys.exit(main())
