"""From the reserved unit to the parcel at the door of the warehouse."""
