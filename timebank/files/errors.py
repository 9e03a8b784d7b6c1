"""What is refused of a file."""

from timebank.errors import Refusal


class FileTooLarge(Refusal):
    """The file has more bytes than are taken in."""

    code = "FILE_TOO_LARGE"
    status = 413
    title = "文件过大"
    title_en = "File too large"
    detail = "文件不能超过 {max_mebibytes} MB。请压缩或裁剪后再传。"
    detail_en = "A file has at most {max_mebibytes} MiB. Compress or crop it and send it again."


class PictureTooLarge(Refusal):
    """The picture has more pixels than are decoded."""

    code = "PICTURE_TOO_LARGE"
    status = 413
    title = "图片尺寸过大"
    title_en = "Picture too large"
    detail = "图片不能超过 {max_megapixels} 百万像素。请缩小尺寸后再传。"
    detail_en = "A picture has at most {max_megapixels} megapixels. Scale it down and send it again."


class FileTypeRefused(Refusal):
    """The content is of no type that is taken here, or of another one than was said."""

    code = "FILE_TYPE_REFUSED"
    status = 415
    title = "文件类型不支持"
    title_en = "File type refused"
    detail = "图片请用 JPEG、PNG 或 WebP；作证明材料时也可用 PDF。文件内容须与所称类型一致。"
    detail_en = "Pictures are JPEG, PNG or WebP; evidence may also be PDF. The content has to be what it says it is."


class FileUnreadable(Refusal):
    """The file is cut off, damaged, or has something else hanging on to it."""

    code = "FILE_UNREADABLE"
    status = 422
    title = "文件无法读取"
    title_en = "File unreadable"
    detail = "文件不完整或已损坏，请重新拍摄或重新导出后再传。"
    detail_en = "The file is incomplete or damaged. Take or export it anew and send it again."


class UnknownFile(Refusal):
    """A file is named that does not exist any more, or that somebody else has sent."""

    code = "UNKNOWN_FILE"
    status = 422
    title = "没有这个文件"
    title_en = "Unknown file"
    detail = "没有这个文件，或不是您上传的。请重新上传后再提交。"
    detail_en = "There is no such file, or somebody else sent it. Send it again yourself, then repeat."


class TooManyUnusedFiles(Refusal):
    """Somebody has sent many files and used none of them."""

    code = "TOO_MANY_UNUSED_FILES"
    status = 409
    title = "未使用的文件过多"
    title_en = "Too many unused files"
    detail = "您有 {max_files} 个已上传而未使用的文件。请先提交使用，或一天后再传。"
    detail_en = "You have {max_files} files that nothing uses. Use them, or come back in a day."


class FileLost(Refusal):
    """The file is known and its content is not there any more, or not what it was."""

    code = "FILE_LOST"
    status = 410
    title = "文件内容丢失"
    title_en = "File lost"
    detail = "文件内容已丢失或损坏。请联系管理员从备份恢复。"
    detail_en = "The content of this file is lost or damaged. Ask the operator to restore it from a backup."
