"""Errors of the simulator's commands."""

from hefu.core.words import Words

ERRORS = {
    "sim.no_case": Words(
        "'{path}' is neither a seed nor a kept case: {said}",
        "“{path}”既不是种子，也不是已保存的用例：{said}",
        "Give a whole number, or a file that 'hefu sim shrink' has written.",
        "请给出整数种子，或由 hefu sim shrink 生成的文件。",
    ),
    "sim.no_bug": Words(
        "There is no bug '{name}' to plant. Known: {known}.",
        "没有可植入的缺陷“{name}”。现有：{known}。",
        "'hefu sim bugs' lists them.",
        "运行 hefu sim bugs 查看列表。",
    ),
}
