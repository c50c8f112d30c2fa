"""Chapter 2: the convolutional layer.

Arrays are NCHW: images ``x (N, C, H, W)``, filters ``weight (F, C, KH, KW)``, one
number of ``bias (F,)`` for each filter.
"""

import numpy as np

from solutions.filters import output_size, pad2d


def conv2d_single(image, weight, bias=0.0):
    """Activation map of one filter over one image of C channels: no stride, no padding.

    Parameters
    ----------
    image : array (C, H, W), floating
    weight : array (C, KH, KW), the dtype of ``image``
    bias : float
        Added once to every output.

    Returns
    -------
    array (H - KH + 1, W - KW + 1), the dtype of ``image``
        ``out[i, j]`` is the sum of the C * KH * KW products of the patch at ``(i, j)``
        and the weight, plus the bias.
    """
    _, kernel_height, kernel_width = weight.shape
    out_height = output_size(image.shape[1], kernel_height)
    out_width = output_size(image.shape[2], kernel_width)
    out = np.zeros((out_height, out_width), dtype=image.dtype)
    for i in range(out_height):
        for j in range(out_width):
            # BEGIN SOLUTION
            patch = image[:, i : i + kernel_height, j : j + kernel_width]
            out[i, j] = (patch * weight).sum() + bias
            # END SOLUTION
    return out


def conv2d(x, weight, bias=None, stride=1, padding=0):
    """Convolutional layer: every filter over every image of a batch.

    This is cross-correlation, as in all networks: the kernels are not flipped.

    Parameters
    ----------
    x : array (N, C, H, W), floating
        N images of C channels.
    weight : array (F, C, KH, KW), the dtype of ``x``
        F filters; each reaches through all C channels.
    bias : array (F,), the dtype of ``x``, or None
        One number a filter, added once to each of its outputs.
    stride, padding : int
        As in :func:`solutions.filters.correlate2d`, along both axes.

    Returns
    -------
    array (N, F, OH, OW), the dtype of ``x``
        ``out[n, f]`` is the response of filter f at each place of image n.
        OH = floor((H + 2 padding - KH) / stride) + 1, and OW likewise.

    Raises
    ------
    ValueError
        For an impossible geometry, as :func:`solutions.filters.output_size`.

    Source: the operation of ``torch.nn.functional.conv2d``; Goodfellow et al. (2016),
    "Deep Learning", equations 9.7 and 9.8.
    """
    batch, _, height, width = x.shape
    filters, _, kernel_height, kernel_width = weight.shape
    out_height = output_size(height, kernel_height, stride, padding)
    out_width = output_size(width, kernel_width, stride, padding)
    padded = pad2d(x, padding)
    out = np.zeros((batch, filters, out_height, out_width), dtype=x.dtype)
    for n in range(batch):
        for f in range(filters):
            for i in range(out_height):
                for j in range(out_width):
                    rows = slice(i * stride, i * stride + kernel_height)
                    columns = slice(j * stride, j * stride + kernel_width)
                    out[n, f, i, j] = (padded[n, :, rows, columns] * weight[f]).sum()
            if bias is not None:
                out[n, f] += bias[f]
    return out


def conv2d_parameters(in_channels, out_channels, kernel_size, bias=True):
    """Number of learned numbers in a convolutional layer with square kernels.

    Parameters
    ----------
    in_channels, out_channels : int
        C and F.
    kernel_size : int
        KH = KW, in pixels.
    bias : bool
        Whether each filter has a bias.

    Returns
    -------
    int
        Weights and biases together. The size of the image does not matter: that is
        parameter sharing.
    """
    weights = out_channels * in_channels * kernel_size * kernel_size
    return weights + out_channels if bias else weights


def conv2d_macs(in_channels, out_channels, kernel_size, out_height, out_width):
    """Multiply-accumulates of a convolutional layer with square kernels, for one image.

    Parameters
    ----------
    in_channels, out_channels : int
        C and F.
    kernel_size : int
        KH = KW, in pixels.
    out_height, out_width : int
        Size of one activation map, in pixels.

    Returns
    -------
    int
        Multiply-accumulates: one for each weight at each place. The bias is not
        counted, as is usual.
    """
    return (
        out_height * out_width * out_channels * in_channels * kernel_size * kernel_size
    )


def grouped_conv2d(x, weight, bias=None, stride=1, padding=0, groups=1):
    """Grouped convolution: each filter sees only its own run of the channels.

    Channels and filters fall into ``groups`` equal runs: filters 0 to F / groups - 1
    see channels 0 to C / groups - 1, and so on. ``groups=1`` is an ordinary
    convolution; ``groups=C`` is a depthwise one.

    Parameters
    ----------
    x : array (N, C, H, W), floating
    weight : array (F, C / groups, KH, KW), the dtype of ``x``
    bias : array (F,), the dtype of ``x``, or None
    stride, padding : int
        As in :func:`conv2d`.
    groups : int
        Divides C and F.

    Returns
    -------
    array (N, F, OH, OW), the dtype of ``x``

    Raises
    ------
    ValueError
        For groups that do not divide C and F, or an impossible geometry.

    Source: ``torch.nn.functional.conv2d``; Krizhevsky et al. (2012), section 3.5, who
    split AlexNet over two GPUs so.
    """
    channels, filters = x.shape[1], weight.shape[0]
    if groups < 1 or channels % groups or filters % groups:
        raise ValueError(f"{groups=} must divide {channels=} and {filters=}")
    maps = []
    for g in range(groups):
        seen = slice(g * channels // groups, (g + 1) * channels // groups)
        own = slice(g * filters // groups, (g + 1) * filters // groups)
        own_bias = None if bias is None else bias[own]
        maps.append(conv2d(x[:, seen], weight[own], own_bias, stride, padding))
    return np.concatenate(maps, axis=1)
