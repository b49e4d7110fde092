#pragma once

#include <systemd/sd-daemon.h>
/* The journal's functions as they are, without macros that add where they were called. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>
