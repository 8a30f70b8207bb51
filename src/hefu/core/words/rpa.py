"""Errors of systems that only have pages."""

from hefu.core.words import Words

_AGAIN = ("It is tried again by itself.", "系统会自动重试。")
_PICTURE = "A picture of the page: {screenshot}."
_PICTURE_ZH = "页面截图：{screenshot}。"

ERRORS = {
    "rpa.changed": Words(
        "The page of {object} in {connection} is not the one that was recorded: {change}.",
        "{connection} 中 {object} 的页面与录制时不同：{change}。",
        "Nothing was read or written. " + _PICTURE + " Adapt the script to it, then 'hefu resume'.",
        "未读取、也未写入任何内容。" + _PICTURE_ZH + "请按新页面修改脚本，然后运行 hefu resume。",
    ),
    "rpa.stuck": Words(
        "{connection}, {object}: the page did not do what was expected: {said}.",
        "{connection} 的 {object}：页面未按预期响应：{said}。",
        _PICTURE + " " + _AGAIN[0] + " If this repeats, look at the picture and adapt the script.",
        _PICTURE_ZH + _AGAIN[1] + "若反复出现，请查看截图并修改脚本。",
    ),
    "rpa.unconfirmed": Words(
        "{connection}, {object}: the page did not say whether it saved.",
        "{connection} 的 {object}：页面没有说明是否保存成功。",
        "The hub looks in the list before it writes again. Check 'done' and 'refused' of the form if this repeats.",
        "系统会先在列表中核对再决定是否重写。若反复出现，请检查表单的 done 和 refused。",
    ),
    "rpa.sign_in": Words(
        "{connection} does not let us in.",
        "无法登录 {connection}。",
        "Check user and password, and whether the log-in page has changed. " + _PICTURE,
        "请检查用户名、密码以及登录页是否有变化。" + _PICTURE_ZH,
    ),
    "rpa.forbidden": Words(
        "{connection} forbids {url} (status {status}).",
        "{connection} 禁止访问 {url}（状态 {status}）。",
        "Give the user of the hub the right to that page.",
        "请为集成用户授予该页面的权限。",
    ),
    "rpa.no_page": Words(
        "There is no page {url} in {connection}.",
        "{connection} 中没有页面 {url}。",
        "Correct the path in the script.",
        "请更正脚本中的路径。",
    ),
    "rpa.unreachable": Words(
        "{connection} did not give the page {url}: {said}.",
        "{connection} 未能打开页面 {url}：{said}。",
        *_AGAIN,
    ),
    "rpa.browser": Words(
        "The browser for {connection} failed: {said}.",
        "{connection} 的浏览器出错：{said}。",
        "It is started again by itself; if this repeats, is there enough memory?",
        "系统会自动重启浏览器；若反复出现，请检查内存是否充足。",
    ),
    "rpa.no_browser": Words(
        "There is no browser at {path} for {connection}.",
        "{connection} 所需的浏览器不在 {path}。",
        "Install Chromium (Debian: apt-get install chromium), or set 'chromium' to where it is.",
        "请安装 Chromium（Debian：apt-get install chromium），或用 chromium 指定其路径。",
    ),
    "rpa.no_object": Words(
        "The script of {connection} knows no object '{object}'. There are: {known}.",
        "{connection} 的脚本中没有对象“{object}”。现有：{known}。",
        "Record it under settings.objects, or correct the mapping.",
        "请在 settings.objects 中录制，或修正映射。",
    ),
    "rpa.no_input": Words(
        "The form of {object} in {connection} has no input for '{field}'.",
        "{connection} 中 {object} 的表单没有字段“{field}”的输入框。",
        "Record its input, or set direction: in for it in the mapping.",
        "请录制其输入框，或在映射中设为 direction: in。",
    ),
    "rpa.cannot": Words(
        "The script of {connection} has no steps to do that with {object}.",
        "{connection} 的脚本没有对 {object} 执行该操作的步骤。",
        "Record form.new to create, form.edit to change; deleting is left to people.",
        "新建请录制 form.new，修改请录制 form.edit；删除由人工完成。",
    ),
    "rpa.absent": Words(
        "A new {object} for {connection} needs '{field}', which is empty.",
        "{connection} 新建 {object} 缺少“{field}”。",
        "Fill it in the record.",
        "请补全该记录。",
    ),
    "rpa.exists": Words(
        "{connection} already has a {object} {id}.",
        "{connection} 中已有 {object} {id}。",
        "It is linked where the keys fit; else a person decides.",
        "标识一致时会自动关联，否则由人工决定。",
    ),
    "rpa.missing": Words(
        "{object} {id} is not in the list of {connection}.",
        "{connection} 的列表中没有 {object} {id}。",
        "Was it deleted or renamed there? The entity's rule for deletes decides what follows.",
        "是否已删除或改名？后续由实体的删除规则决定。",
    ),
    "rpa.stale": Words(
        "{field} of {object} {id} in {connection} changed meanwhile.",
        "{connection} 中 {object} {id} 的“{field}”已被他人修改。",
        "It is read again, merged and written by itself.",
        "系统会自动重新读取、合并并写入。",
    ),
    "rpa.refused": Words(
        "{connection} refuses this {object}: {said}",
        "{connection} 拒绝了该 {object}：{said}",
        "Correct the record; it is written as soon as its data changes.",
        "请修正该记录；数据更改后会自动重写。",
    ),
    "rpa.locked": Words(
        "'{field}' of {object} cannot be typed into in {connection}.",
        "{connection} 中 {object} 的“{field}”不可编辑。",
        "Is the record locked there, or the user without the right?",
        "请检查该记录是否被锁定，或用户是否缺少权限。",
    ),
    "rpa.no_option": Words(
        "The list '{field}' of {object} in {connection} has no '{value}'. There are: {known}.",
        "{connection} 中 {object} 的下拉框“{field}”没有“{value}”。现有：{known}。",
        "Add it there, or translate it with a value map.",
        "请在该系统中添加，或使用值映射转换。",
    ),
    "rpa.too_long": Words(
        "'{field}' takes {most} characters, not {got}.",
        "“{field}”最多 {most} 个字符，实际 {got} 个。",
        "Shorten it, or cut it with a transform.",
        "请缩短，或使用转换截断。",
    ),
}
