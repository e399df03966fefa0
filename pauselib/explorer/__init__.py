"""What the notebooks show that can be used: what is finished under runs/, a picker of variants, models that can be
asked, and the stored replies. Under papermill and nbconvert, where nobody can use widgets, it is plain HTML.
"""

from pauselib.explorer.asking import ask as ask
from pauselib.explorer.browsing import browse as browse
from pauselib.explorer.choosing import finished as finished
from pauselib.explorer.choosing import pick as pick
from pauselib.explorer.choosing import will_do as will_do
