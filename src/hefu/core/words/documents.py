"""What can be wrong with a project's documents; `Finding.told` puts the place before it.

`{known}` lists the right words, `{nearest}` the likeliest of them.
"""

from hefu.core.words import Words

_NEAREST = ("Nearest: {nearest}. Known: {known}.", "最接近的是：{nearest}。可用：{known}。")


ERRORS = {
    # ---------------------------------------------------------------- files
    "documents.wrong": Words(
        "The project's documents have {count} error(s); the first is at {file}:{line} ({word}).",
        "项目文档中有 {count} 处错误，第一处在 {file}:{line}（{word}）。",
        "Run 'hefu check' to see all of them.",
        "运行 hefu check 查看全部错误。",
    ),
    "documents.no_folder": Words(
        "There is no folder {folder}.",
        "文件夹 {folder} 不存在。",
        "Name the project's folder, or make one: hefu init {folder}",
        "请指定项目文件夹，或新建一个：hefu init {folder}",
    ),
    "documents.no_files": Words(
        "{folder} holds no project documents (*.yaml).",
        "{folder} 中没有项目文档（*.yaml）。",
        "Go to the project's folder, or make one: hefu init {folder}",
        "请进入项目文件夹，或新建一个：hefu init {folder}",
    ),
    "documents.too_many_files": Words(
        "{folder} holds more than {limit} YAML files.",
        "{folder} 中的 YAML 文件超过 {limit} 个。",
        "Is this the project's folder? Only its documents belong there.",
        "这是项目文件夹吗？其中只应放项目文档。",
    ),
    "documents.unreadable": Words(
        "{file} cannot be read: {reason}.",
        "无法读取 {file}：{reason}。",
        "Give yourself the right to read it.",
        "请检查文件的读取权限。",
    ),
    "documents.unwritable": Words(
        "{file} cannot be written: {reason}. The file is as it was.",
        "无法写入 {file}：{reason}。原文件未改动。",
        "Check the rights and the free space of the folder.",
        "请检查文件夹的权限和剩余空间。",
    ),
    "documents.outside": Words(
        "{file} would lie outside the project's folder.",
        "{file} 超出了项目文件夹的范围。",
        "Give documents relative paths without '..'.",
        "文档路径必须是相对路径，且不含“..”。",
    ),
    "documents.encoding": Words(
        "The file is not UTF-8; it looks like {word}.",
        "文件不是 UTF-8 编码，看起来是 {word}。",
        "Save it as UTF-8 (with or without BOM).",
        "请另存为 UTF-8（有无 BOM 均可）。",
    ),
    "documents.too_large": Words(
        "The document is longer than {limit} characters.",
        "文档超过 {limit} 个字符。",
        "Split it: one connection, entity, mapping or flow a file.",
        "请拆分：每个文件只写一个连接、实体、映射或流程。",
    ),
    # ---------------------------------------------------------------- YAML
    "documents.tab": Words(
        "A tab stands where YAML wants spaces: {word}",
        "YAML 此处不能用制表符：{word}",
        "Indent with spaces (two a level), and put no tab before ':' or '#'.",
        "请用空格缩进（每级两个），“:”和“#”前也不要用制表符。",
    ),
    "documents.control_character": Words(
        "The control character {word} does not belong in a document.",
        "文档中不能有控制字符 {word}。",
        'Delete it; if it is meant, write it as "\\x01" in double quotes.',
        '请删除；确实需要时写成双引号内的 "\\x01"。',
    ),
    "documents.syntax": Words(
        "Not valid YAML at '{word}': {problem}.",
        "“{word}”处不是有效的 YAML：{problem}。",
        "Put texts with special characters in double quotes; align words of one level.",
        "含特殊字符的文本请加双引号；同级的词要对齐。",
    ),
    "documents.colon": Words(
        "'{word}' lacks a ':' with a space behind it.",
        "“{word}”缺少“: ”（冒号加空格）。",
        "Write {nearest}",
        "请写成 {nearest}",
    ),
    "documents.colon_here": Words(
        "A ':' is not expected in '{word}'.",
        "“{word}”中不应出现冒号。",
        "If ': ' is part of a text, quote the text ({nearest}); otherwise align the line with its neighbours.",
        "若“: ”是文本的一部分，请加引号（{nearest}）；否则请与相邻行对齐。",
    ),
    "documents.quote": Words(
        "The quotation mark of {word} is never closed.",
        "{word} 的引号没有闭合。",
        "Close it on the same line.",
        "请在同一行补上引号。",
    ),
    "documents.bracket": Words(
        "The bracket of {word} is not closed, or a ',' is missing inside.",
        "{word} 的括号没有闭合，或缺少逗号。",
        "Close the bracket; put ', ' between its parts.",
        "请闭合括号，并用“, ”分隔各项。",
    ),
    "documents.indent": Words(
        "'{word}' is indented differently from the lines that it belongs to.",
        "“{word}”的缩进与同级的行不一致。",
        "Align it with the other words (or '- ' items) of its level.",
        "请与同级的词（或“- ”项）对齐。",
    ),
    "documents.character": Words(
        "A text may not begin like this: {word}",
        "文本不能这样开头：{word}",
        "Put it in quotes: {nearest}",
        "请加引号：{nearest}",
    ),
    "documents.alias": Words(
        "'*{word}' repeats something that nothing is marked as.",
        "“*{word}”引用了不存在的锚点。",
        "Nearest mark (&): {nearest}. A text that begins with * needs quotes.",
        "最接近的锚点（&）：{nearest}。以 * 开头的文本请加引号。",
    ),
    "documents.alias_cycle": Words(
        "'*{word}' contains itself.", "“*{word}”包含了它自己。", "Write the part out.", "请展开写出该部分。"
    ),
    "documents.several": Words(
        "'{word}' begins a second document in the same file.",
        "“{word}”在同一文件中开始了第二个文档。",
        "Give each document a file of its own.",
        "请让每个文档单独成为一个文件。",
    ),
    "documents.tag": Words(
        "The tag {word} has no meaning here.",
        "标签 {word} 在此没有意义。",
        "Delete it: types follow from the field.",
        "请删除：类型由字段决定。",
    ),
    "documents.key": Words(
        "A word must be a text, not a list or another map.",
        "键必须是文本，不能是列表或映射。",
        "Write it as 'word: value'.",
        "请写成“词: 值”的形式。",
    ),
    "documents.duplicate_key": Words(
        "'{word}' stands here a second time (first on line {first}).",
        "“{word}”重复出现（第一次在第 {first} 行）。",
        "Delete or rename one of them; neither is taken silently.",
        "请删除或改名其中之一；系统不会擅自选用。",
    ),
    "documents.too_deep": Words(
        "The document is nested deeper than {limit} levels.",
        "文档嵌套超过 {limit} 层。",
        "Is a bracket left open, or an alias misused?",
        "是否漏了括号或误用了别名？",
    ),
    "documents.too_many": Words(
        "The document grows beyond {limit} parts when its aliases are followed.",
        "展开别名后文档超过 {limit} 个部分。",
        "Use fewer aliases.",
        "请减少别名的使用。",
    ),
    # ---------------------------------------------------------------- kinds and names
    "documents.empty_document": Words(
        "The file holds nothing but comments.",
        "文件中除注释外没有内容。",
        "Write the document, or delete the file.",
        "请写入内容，或删除该文件。",
    ),
    "documents.no_words": Words(
        "A document is made of 'word: value' lines, and this is none: {word}",
        "文档由“词: 值”组成，而这里不是：{word}",
        "Begin with {nearest}",
        "请以 {nearest} 开头",
    ),
    "documents.first_word": Words(
        "The first word tells a document's kind, and '{word}' is no kind.",
        "第一个词表示文档种类，而“{word}”不是种类。",
        "Begin with '{nearest}:'. Kinds: {known}.",
        "请以“{nearest}:”开头。种类：{known}。",
    ),
    "documents.folder": Words(
        "A document that begins with '{word}' does not belong in this folder.",
        "以“{word}”开头的文档不应放在此文件夹。",
        "Move it to {nearest}",
        "请移到 {nearest}",
    ),
    "documents.file_name": Words(
        "The document is called '{word}' and its file '{stem}'.",
        "文档名为“{word}”，文件名却是“{stem}”。",
        "Rename the file to {nearest}, or the document to {stem}.",
        "请把文件改名为 {nearest}，或把文档改名为 {stem}。",
    ),
    "documents.duplicate_name": Words(
        "The {kind} '{word}' exists already, in {first}.",
        "{kind}“{word}”已存在于 {first}。",
        "Give this one another name, such as {nearest}.",
        "请改用其他名称，例如 {nearest}。",
    ),
    # ---------------------------------------------------------------- words and types
    "documents.unknown_word": Words("'{word}' is not known here.", "此处没有“{word}”这个词。", *_NEAREST),
    "documents.missing_word": Words(
        "'{word}' is missing in {where}.", "{where} 缺少“{word}”。", "Add '{word}: ...'.", "请添加“{word}: ...”。"
    ),
    "documents.empty": Words(
        "'{word}' has no value.",
        "“{word}”没有值。",
        "Write one behind the colon, or delete the line.",
        "请在冒号后填写，或删除该行。",
    ),
    "documents.type": Words(
        "{where} wants this kind of value: {expected}. '{word}' is none.",
        "{where} 需要这类值：{expected}，“{word}”不是。",
        "Write a value of that kind, such as {known}.",
        "请填写该类值，例如 {known}。",
    ),
    "documents.choice": Words("{where} may not be '{word}'.", "{where} 不能是“{word}”。", *_NEAREST),
    "documents.name": Words(
        "'{word}' cannot be a name.",
        "“{word}”不能用作名称。",
        "Letters, digits, '_' and '-', beginning with a letter, at most 64; for example {nearest}.",
        "请用字母、数字、“_”和“-”，以字母开头，至多 64 个字符；例如 {nearest}。",
    ),
    "documents.range": Words(
        "{where} must be {range}; it is {word}.",
        "{where} 必须 {range}，而它是 {word}。",
        "Choose a value within the limit: {nearest}.",
        "请选择范围内的值：{nearest}。",
    ),
    "documents.value": Words(
        "{where} cannot be '{word}': {reason}.",
        "{where} 不能是“{word}”：{reason}。",
        "Correct the value.",
        "请更正该值。",
    ),
    # ---------------------------------------------------------------- names of other documents
    "documents.unknown_connection": Words("There is no connection '{word}'.", "没有名为“{word}”的连接。", *_NEAREST),
    "documents.unknown_entity": Words("There is no entity '{word}'.", "没有名为“{word}”的实体。", *_NEAREST),
    "documents.unknown_field": Words("There is no field '{word}'.", "没有名为“{word}”的字段。", *_NEAREST),
    "documents.unknown_mapping": Words("There is no mapping '{word}'.", "没有名为“{word}”的映射。", *_NEAREST),
    "documents.unknown_connector": Words("There is no connector '{word}'.", "没有名为“{word}”的连接器。", *_NEAREST),
    "documents.unknown_place": Words(
        "'{word}' is neither a class of personal data, nor an entity, nor 'entity.field'.",
        "“{word}”既不是个人信息类别，也不是实体或“实体.字段”。",
        *_NEAREST,
    ),
    "documents.unknown_role": Words("There is no role '{word}'.", "没有名为“{word}”的角色。", *_NEAREST),
    "documents.unknown_resource": Words(
        "'{word}' is nothing that rights are given for.", "“{word}”不是可授权的资源。", *_NEAREST
    ),
    "documents.unknown_action": Words("'{word}' cannot be done there.", "该资源没有操作“{word}”。", *_NEAREST),
    "documents.unknown_zone": Words(
        "There is no time zone '{word}'.",
        "没有时区“{word}”。",
        "Nearest: {nearest}. Names are those of the IANA list.",
        "最接近的是：{nearest}。请使用 IANA 时区名。",
    ),
    "documents.unknown_flow": Words("There is no flow '{word}'.", "没有名为“{word}”的流程。", *_NEAREST),
    "documents.unknown_scope": Words(
        "'{word}' is not flow:, mapping: or connection: with a name of this project.",
        "“{word}”不是 flow:、mapping: 或 connection: 加本项目中的名称。",
        *_NEAREST,
    ),
    "documents.unknown_earlier_step": Words(
        "No step before this one is called '{word}'.", "在此之前没有名为“{word}”的步骤。", *_NEAREST
    ),
    "documents.step_twice": Words(
        "A step before this one is called '{word}', too.",
        "前面已有名为“{word}”的步骤。",
        "Give each step a name of its own.",
        "请为每个步骤取不同的名称。",
    ),
    "documents.one_of": Words(
        "A step lets the hub do one thing; here it says: {word}.",
        "一个步骤只能让系统做一件事，这里写的是：{word}。",
        "Say one of: {known}.",
        "请只写其中之一：{known}。",
    ),
    "documents.schedule": Words(
        "'{word}' is not a schedule.",
        "“{word}”不是有效的时间安排。",
        "Write an interval (30s, 5m, 1h) or a cron expression of five parts ('0 2 * * *').",
        "请写间隔（30s、5m、1h）或五段的 cron 表达式（'0 2 * * *'）。",
    ),
    "documents.parent": Words(
        "The parent must be a field of type reference, and '{word}' is none.",
        "parent 必须是引用类型的字段，而“{word}”不是。",
        *_NEAREST,
    ),
    "documents.field_twice": Words(
        "The field '{word}' is mapped a second time in the same direction.",
        "字段“{word}”在同一方向上被映射了两次。",
        "Keep one, or give them the directions 'in' and 'out'.",
        "请保留一个，或分别设为 in 和 out 方向。",
    ),
    "documents.not_lines": Words("'{word}' is not a list of lines.", "“{word}”不是明细列表。", *_NEAREST),
    "documents.lookup": Words(
        "The mapping '{word}' does not tell {connection}'s ids of {entity}.",
        "映射“{word}”无法翻译 {connection} 中 {entity} 的编号。",
        *_NEAREST,
    ),
    "documents.extends_circle": Words(
        "'{word}' extends itself in the end.",
        "“{word}”最终继承了它自己。",
        "Let one of the entities stand alone, or extend a ready one.",
        "请让其中一个实体独立，或继承现成的实体。",
    ),
    "documents.owner_silent": Words(
        "{word} owns '{field}', but no mapping of {word} maps it: its changes never arrive.",
        "{word} 是“{field}”的归属方，但 {word} 的映射中没有该字段，它的修改永远不会到达。",
        "Map the field there, or name another owner.",
        "请在其映射中加入该字段，或更换归属方。",
    ),
    # ---------------------------------------------------------------- secrets
    "documents.unknown_channel": Words("There is no channel '{word}'.", "没有名为“{word}”的通知渠道。", *_NEAREST),
    "documents.no_mail": Words(
        "'{word}' is an e-mail address, and there is no channel of kind email.",
        "“{word}”是邮箱地址，但没有 kind: email 的通知渠道。",
        "Add one under 'channels', with host and sender.",
        "请在 channels 下添加一个，并填写 host 和 sender。",
    ),
    "documents.no_readers": Words(
        "The mail channel '{word}' names nobody who reads.",
        "邮件渠道“{word}”没有收件人。",
        "Write addresses into its 'to', or into the rule's.",
        "请在该渠道的 to 中填写邮箱，或在规则的 to 中直接填写邮箱。",
    ),
    "documents.narrows_nothing": Words(
        "'{word}' does not narrow what this rule looks at.",
        "“{word}”不适用于此规则关注的事件。",
        "Delete it.",
        "请删除。",
    ),
    "documents.clear_secret": Words(
        "The secret '{word}' is written in clear.",
        "密钥“{word}”以明文写在文档中。",
        "Write a reference ({nearest}; or file:, keyring:, sealed:) and change the secret: it was exposed.",
        "请改写为引用（{nearest}；或 file:、keyring:、sealed:），并更换该密钥：它已暴露。",
    ),
    "documents.reference": Words(
        "'{word}' is not a reference to a secret.",
        "“{word}”不是有效的密钥引用。",
        "Write {nearest} (env, file, keyring or sealed).",
        "请写成 {nearest}（env、file、keyring 或 sealed）。",
    ),
}
