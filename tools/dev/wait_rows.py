"""What the table of waits says, in wait_table's Markdown and in the report's page."""


def header(wait):
    """Of wait.json, with a group of columns a program."""
    names = ["sightings"]
    for name in wait["programs"]:
        names += ["%s: CPU s" % name, "of which keys", "peak MiB"]
    return names


def rows(wait):
    made = []
    for row in wait["rows"]:
        cells = ["{:,}".format(row["sightings"])]
        for name in wait["programs"]:
            figures = row[name]
            cells += ["%.3f" % figures["cpu_s"], "%.3f" % figures["keys_cpu_s"]]
            cells.append("%.0f" % (figures["peak_bytes"] / 2**20))
        made.append(cells)
    return made
