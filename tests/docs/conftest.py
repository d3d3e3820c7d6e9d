import sys
from pathlib import Path

# Tests are imported by path, and pages.py beside them is no test.
sys.path.insert(0, str(Path(__file__).parent))
