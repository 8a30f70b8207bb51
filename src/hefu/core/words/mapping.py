"""Errors of mappings: values that cannot be understood, expressions, and documents that do not fit."""

from hefu.core.words import Words

_FIX_SOURCE = "Correct the value in the source system, or add a transform to this field of the mapping."
_FIX_SOURCE_ZH = "请在源系统中改正该值，或在映射的这个字段上增加一个转换。"
_TRY = "Try it with 'hefu map test'."
_TRY_ZH = "可用 hefu map test 试运行。"

_VALUES = {
    "value.number": Words(
        "{where}: '{value}' is not a plain number.",
        "{where}：“{value}”不是普通数字。",
        "For '1,234.50' or '¥12' add the transform number or money; else correct the value in the source.",
        "形如 1,234.50 或 ¥12 的值请加转换 number 或 money；否则请在源系统中改正。",
    ),
    "value.digits": Words(
        "{where}: the number {value} has more than {most} digits.",
        "{where}：数字 {value} 超过 {most} 位。",
        "An amount of this size is a mistake: correct it in the source system.",
        "这么大的数值多半有误，请在源系统中改正。",
    ),
    "value.float": Words(
        "{where}: the connector handed over the binary float {value}, which is not exact.",
        "{where}：连接器给出了二进制浮点数 {value}，不精确。",
        "A connector must hand numbers over as Decimal, an expression must use the dec_ functions: correct it there.",
        "连接器必须以 Decimal 传数字，表达式必须用 dec_ 系列函数，请在那里改正。",
    ),
    "value.type": Words(
        "{where}: '{value}' cannot be read as {type}.",
        "{where}：“{value}”无法读作 {type} 类型。",
        _FIX_SOURCE,
        _FIX_SOURCE_ZH,
    ),
    "value.control": Words(
        "{where}: the text holds the control character {character} at position {position}.",
        "{where}：文本第 {position} 个字符是控制字符 {character}。",
        "Remove it in the source system, or add the transform clean to this field.",
        "请在源系统中删除它，或在该字段上加转换 clean。",
    ),
    "value.date": Words(
        "{where}: '{value}' is not a date like 2026-01-31.",
        "{where}：“{value}”不是 2026-01-31 这样的日期。",
        "For another notation add the transform date with its format, for example yyyy/MM/dd.",
        "其他写法请加转换 date 并给出格式，例如 yyyy/MM/dd。",
    ),
    "value.date_time": Words(
        "{where}: {value} has a time of day, but the field is a date.",
        "{where}：{value} 带有时刻，而该字段是日期。",
        "Make the field an instant, or add the transform day.",
        "请把字段类型改为 instant，或加转换 day。",
    ),
    "value.instant": Words(
        "{where}: '{value}' is not an instant like 2026-01-31 08:00:00.",
        "{where}：“{value}”不是 2026-01-31 08:00:00 这样的时间。",
        "For another notation add the transform instant with its format.",
        "其他写法请加转换 instant 并给出格式。",
    ),
    "value.boolean": Words(
        "{where}: '{value}' is neither yes nor no.",
        "{where}：“{value}”既不是“是”也不是“否”。",
        "Add the transform bool and name the words for yes and no.",
        "请加转换 bool，写明表示“是”和“否”的词。",
    ),
    "value.option": Words(
        "{where}: '{value}' is not one of the codes {options}.",
        "{where}：“{value}”不在允许的代码中：{options}。",
        "Add it to the field's value map, or to the options of the entity's field.",
        "请把它加入该字段的值映射，或加入实体字段的选项。",
    ),
    "value.code": Words(
        "{where}: the value map does not know '{value}' (it knows {known}).",
        "{where}：值映射中没有“{value}”（已有 {known}）。",
        "Add it to 'values', or give 'values_default'.",
        "请把它加入 values，或设置 values_default。",
    ),
    "value.prefix": Words(
        "{where}: '{value}' does not start with '{prefix}'.",
        "{where}：“{value}”不是以“{prefix}”开头。",
        _FIX_SOURCE,
        _FIX_SOURCE_ZH,
    ),
    "value.suffix": Words(
        "{where}: '{value}' does not end with '{suffix}'.",
        "{where}：“{value}”不是以“{suffix}”结尾。",
        _FIX_SOURCE,
        _FIX_SOURCE_ZH,
    ),
    "value.phone": Words(
        "{where}: '{value}' is not a telephone number in {region}.",
        "{where}：“{value}”不是 {region} 的有效电话号码。",
        "Correct it in the source system, or set 'strict: false' to let such numbers through as they are.",
        "请在源系统中改正，或设 strict: false 让这类号码原样通过。",
    ),
    "value.uscc": Words(
        "{where}: '{value}' is not a valid unified social credit code: {reason}.",
        "{where}：“{value}”不是有效的统一社会信用代码：{reason}。",
        "Correct it in the source system, or set 'strict: false' to let such codes through as they are.",
        "请在源系统中改正，或设 strict: false 让这类代码原样通过。",
    ),
    "value.rounding": Words(
        "{where}: rounding to {places} places by '{mode}' is not known.",
        "{where}：不支持按“{mode}”取 {places} 位小数。",
        "Use half_up, half_even, down or up, and -20 to 20 places.",
        "可用 half_up、half_even、down、up，位数为 -20 到 20。",
    ),
    "value.zero": Words(
        "{where}: division by zero.",
        "{where}：除数为零。",
        "Guard the expression: dec_cmp(x, '0') != 0.",
        "请在表达式中判断：dec_cmp(x, '0') != 0。",
    ),
    "value.long": Words(
        "{where}: the text grew beyond {most} characters.",
        "{where}：文本超过 {most} 个字符。",
        "Shorten the expression's result.",
        "请缩短表达式的结果。",
    ),
    "value.lines": Words(
        "{where}: a list of lines was expected.",
        "{where}：应为明细行列表。",
        "Map this field to a list of lines of the system.",
        "请把该字段对应到对方系统的明细行列表。",
    ),
    "value.line_key": Words(
        "{where}: line {line} has no '{key}', by which lines are told apart.",
        "{where}：第 {line} 行缺少用于区分行的“{key}”。",
        "Map the line key to a field that every line has, such as the line's id or number.",
        "请把行标识对应到每行都有的字段，例如行号或行内码。",
    ),
    "value.line_twice": Words(
        "{where}: two lines have the same {key} '{value}'.",
        "{where}：有两行的 {key} 同为“{value}”。",
        "Map the line key to a field that differs from line to line.",
        "请把行标识对应到每行都不同的字段。",
    ),
}

_EXPRESSIONS = {
    "mapping.expr": Words(
        "Expression, line {at_line}, column {at_column}, at '{word}': {reason}",
        "表达式第 {at_line} 行第 {at_column} 列“{word}”处有误：{reason}",
        "Correct the expression; decimals are text: use dec_add, dec_mul ... for them.",
        "请改正表达式；小数是文本，请用 dec_add、dec_mul 等函数计算。",
    ),
    "mapping.expr_unknown": Words(
        "Expression, line {at_line}, column {at_column}: '{word}' is not known. Nearest: {nearest}.",
        "表达式第 {at_line} 行第 {at_column} 列：不认识“{word}”。最接近的是：{nearest}。",
        "Use a field of the object, or record['name'] for a name with other than Latin letters.",
        "请使用对象的字段；非拉丁字母的字段名写作 record['名称']。",
    ),
    "mapping.expr_type": Words(
        "The expression '{word}' {reason}.",
        "表达式“{word}”的类型不符：{reason}。",
        "Numbers leave an expression as text: use the dec_ functions, or string(...).",
        "数字以文本形式从表达式返回：请用 dec_ 系列函数或 string(...)。",
    ),
    "mapping.expr_long": Words(
        "The expression has {length} characters; {most} are allowed.",
        "表达式有 {length} 个字符，最多 {most} 个。",
        "Split it over several fields, or use named transforms.",
        "请拆成多个字段，或改用命名转换。",
    ),
    "mapping.expr_nested": Words(
        "The expression nests map, filter, all or exists more than {most} deep.",
        "表达式中 map、filter、all、exists 嵌套超过 {most} 层。",
        "Take it apart.",
        "请拆分表达式。",
    ),
    "mapping.expr_growth": Words(
        "The expression could make more than {most} characters of its values.",
        "表达式可能产生超过 {most} 个字符的结果。",
        "Use the variable of map or filter fewer times, and no text that grows with every line.",
        "请减少 map、filter 变量的使用次数，不要让文本随每一行增长。",
    ),
    "mapping.expr_lines": Words(
        "{where}: an expression may look at {most} lines; this record has {count}.",
        "{where}：表达式最多处理 {most} 行，该记录有 {count} 行。",
        "Compute this in the source system, or leave the expression out for such records.",
        "请在源系统中计算，或对这类记录不用表达式。",
    ),
    "mapping.expr_failed": Words(
        "{where}: the expression '{expression}' failed: {reason}.",
        "{where}：表达式“{expression}”运行失败：{reason}。",
        "A blank text is ''; ask blank(x) or dec_or(x, '0') first. " + _TRY,
        "空文本为 ''，请先用 blank(x) 或 dec_or(x, '0') 判断。" + _TRY_ZH,
    ),
}

_DOCUMENTS = {
    "mapping.value": Words(
        "{where}: the value cannot be understood: {reason}.",
        "{where}：该值无法理解：{reason}。",
        _FIX_SOURCE,
        _FIX_SOURCE_ZH,
    ),
    "mapping.zone": Words(
        "'{zone}' is not a time zone.",
        "“{zone}”不是有效的时区。",
        "Use a name like Asia/Shanghai or UTC.",
        "请使用 Asia/Shanghai 或 UTC 这样的名称。",
    ),
    "mapping.no_source": Words(
        "The object has no field '{word}'. Nearest: {nearest}.",
        "对象中没有字段“{word}”。最接近的是：{nearest}。",
        "Run 'hefu discover' to see the fields it has now.",
        "运行 hefu discover 查看现有字段。",
    ),
    "mapping.no_transform": Words(
        "There is no transform '{word}'. Nearest: {nearest}.",
        "没有名为“{word}”的转换。最接近的是：{nearest}。",
        "See the catalogue of transforms in the reference.",
        "请查阅参考手册中的转换目录。",
    ),
    "mapping.no_parameter": Words(
        "The transform {transform} has no parameter '{word}'. Nearest: {nearest}.",
        "转换 {transform} 没有参数“{word}”。最接近的是：{nearest}。",
        "See its parameters in the reference.",
        "请查阅参考手册中该转换的参数。",
    ),
    "mapping.parameter": Words(
        "The transform {transform}, parameter '{word}': {reason}.",
        "转换 {transform} 的参数“{word}”有误：{reason}。",
        "See its parameters in the reference.",
        "请查阅参考手册中该转换的参数。",
    ),
    "mapping.not_invertible": Words(
        "'{word}' cannot be written back, so this field cannot go both ways.",
        "“{word}”无法反向写回，该字段不能双向同步。",
        "Set 'direction: in', or give 'expr_out' to say what is written.",
        "请设 direction: in，或用 expr_out 说明写回的内容。",
    ),
    "mapping.expr_only_in": Words(
        "'expr_in' says how to read this field, but nothing says how to write it.",
        "expr_in 只说明了怎么读，没有说明怎么写回。",
        "Set 'direction: in', or give 'expr_out' too.",
        "请设 direction: in，或同时给出 expr_out。",
    ),
    "mapping.type_clash": Words(
        "{word}: {theirs} cannot become {ours}.",
        "{word}：{theirs} 类型不能变成 {ours} 类型。",
        "Add a transform that turns one into the other, or map another field.",
        "请加一个能转换类型的步骤，或改用其他字段。",
    ),
    "mapping.read_only": Words(
        "'{word}' cannot be written in the system.",
        "对方系统的“{word}”不可写。",
        "Set 'direction: in' for this field.",
        "请为该字段设 direction: in。",
    ),
    "mapping.required": Words(
        "The system demands '{word}' for a new record, and no field is written there.",
        "对方系统新建记录时要求“{word}”，但没有字段写入它。",
        "Map a field to it, or set 'create: false'.",
        "请为它增加字段映射，或设 create: false。",
    ),
    "mapping.not_updatable": Words(
        "The object cannot be {word} by its connector.",
        "该对象的连接器不支持 {word}。",
        "Set 'create: false' or 'update: false'.",
        "请设 create: false 或 update: false。",
    ),
    "mapping.target_twice": Words(
        "Two fields write '{word}'.",
        "有两个字段写入“{word}”。",
        "Set 'direction: in' for one of them.",
        "请把其中一个设为 direction: in。",
    ),
    "mapping.no_lines": Words(
        "'{word}' is a list of lines, but the mapping names no fields for its lines.",
        "“{word}”是明细行，但映射没有写明行内字段。",
        "Add 'lines:' with the field maps of one line.",
        "请加 lines:，写明一行内的字段映射。",
    ),
    "mapping.no_line_key": Words(
        "The lines '{word}' do not map their key '{key}', by which lines are told apart.",
        "明细行“{word}”没有映射用于区分行的“{key}”。",
        "Map it to the line's id or number.",
        "请把它对应到行内码或行号。",
    ),
    "mapping.ambiguous": Words(
        "Several codes mean '{word}'; '{first}' will be written.",
        "有多个代码都表示“{word}”，写回时将使用“{first}”。",
        "Put the code to be written first, or set 'direction: in'.",
        "请把要写回的代码放在最前，或设 direction: in。",
    ),
    "mapping.code_missing": Words(
        "The system has codes that the value map does not know: {word}.",
        "对方系统有值映射未列出的代码：{word}。",
        "Add them to 'values', or give 'values_default'; else records with them are refused.",
        "请加入 values，或设置 values_default；否则含这些代码的记录会被拒收。",
    ),
    "mapping.code_stray": Words(
        "The value map names codes that the system does not have: {word}.",
        "值映射中有对方系统没有的代码：{word}。",
        "Correct them; the nearest is {nearest}.",
        "请改正；最接近的是 {nearest}。",
    ),
    "mapping.round_trip": Words(
        "{word}: '{before}' is written back as '{written}' and then read as '{after}'.",
        "{word}：“{before}”写回为“{written}”，再读入变成“{after}”。",
        "Correct the transforms of this field, or set 'direction: in'.",
        "请改正该字段的转换，或设 direction: in。",
    ),
    "mapping.sample": Words(
        "A sample record cannot be read: {reason}", "有一条样本记录无法读取：{reason_zh}", _FIX_SOURCE, _FIX_SOURCE_ZH
    ),
    "mapping.no_entity": Words(
        "There is no ready entity '{word}'. Nearest: {nearest}.",
        "没有名为“{word}”的现成实体。最接近的是：{nearest}。",
        "See the list of ready entities in the reference.",
        "请查阅参考手册中的现成实体列表。",
    ),
}

ERRORS = {**_VALUES, **_EXPRESSIONS, **_DOCUMENTS}
