"""Names of X11's keysyms, which RFB and Guacamole send for keys."""

from __future__ import annotations

# keysymdef.h of the X Window System
_NAMES = {
    0xFF08: "BackSpace",
    0xFF09: "Tab",
    0xFF0D: "Return",
    0xFF13: "Pause",
    0xFF1B: "Escape",
    0xFF50: "Home",
    0xFF51: "Left",
    0xFF52: "Up",
    0xFF53: "Right",
    0xFF54: "Down",
    0xFF55: "Page_Up",
    0xFF56: "Page_Down",
    0xFF57: "End",
    0xFF63: "Insert",
    0xFF8D: "KP_Enter",
    0xFFE1: "Shift_L",
    0xFFE2: "Shift_R",
    0xFFE3: "Control_L",
    0xFFE4: "Control_R",
    0xFFE5: "Caps_Lock",
    0xFFE7: "Meta_L",
    0xFFE8: "Meta_R",
    0xFFE9: "Alt_L",
    0xFFEA: "Alt_R",
    0xFFEB: "Super_L",
    0xFFEC: "Super_R",
    0xFFFF: "Delete",
    **{0xFFBE + number: f"F{number + 1}" for number in range(12)},
}


def key_name(keysym: int) -> str:
    """`a`, `Return`, `space`, or the number where it has no name here."""
    if keysym == 0x20:
        return "space"
    if 0x20 < keysym < 0x7F or 0xA0 < keysym < 0x100:
        return chr(keysym)
    if 0x01000100 <= keysym <= 0x0110FFFF:  # Unicode: 0x01000000 and the code point
        return chr(keysym - 0x01000000)
    return _NAMES.get(keysym, f"{keysym:#06x}")
