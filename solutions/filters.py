"""Chapter 1: one filter and one image.

Images and kernels have one channel here: arrays ``(H, W)`` and ``(KH, KW)``. All
lengths are in pixels.
"""

import numpy as np


def filter_response(patch, kernel):
    """Answer of one filter at one place: the dot product of a patch and a kernel.

    Parameters
    ----------
    patch : array (KH, KW), floating
        The pixels under the kernel.
    kernel : array (KH, KW), the dtype of ``patch``
        The weights.

    Returns
    -------
    float
        The sum of the KH * KW products.
    """
    return (patch * kernel).sum()


def output_size(size, kernel_size, stride=1, padding=0):
    """Number of places where a kernel fits along one axis.

    That is floor((size + 2 padding - kernel_size) / stride) + 1.

    Parameters
    ----------
    size, kernel_size : int
        Length of the axis and of the kernel along it, in pixels, both at least 1.
    stride : int
        Pixels from one place to the next, at least 1.
    padding : int
        Pixels of zeros added at each end of the axis, at least 0.

    Returns
    -------
    int
        The length of the output along this axis, at least 1.

    Raises
    ------
    ValueError
        For a size, kernel or stride below 1, a negative padding, or a kernel longer
        than the padded axis.

    Source: Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep
    learning", section 2.4.
    """
    if size < 1 or kernel_size < 1 or stride < 1 or padding < 0:
        raise ValueError(f"impossible: {size=}, {kernel_size=}, {stride=}, {padding=}")
    if kernel_size > size + 2 * padding:
        raise ValueError(f"{kernel_size} pixels do not fit into {size} + 2 * {padding}")
    return (size + 2 * padding - kernel_size) // stride + 1


def pad2d(x, padding):
    """Frame of zeros around the last two axes.

    Parameters
    ----------
    x : array (..., H, W), floating
        One image, or any stack of them.
    padding : int
        Width of the frame in pixels, at least 0.

    Returns
    -------
    array (..., H + 2 padding, W + 2 padding), the dtype of ``x``
        A new array; ``x`` is not changed.

    Raises
    ------
    ValueError
        For a negative padding.
    """
    if padding < 0:
        raise ValueError(f"padding must be at least 0, not {padding}")
    *leading, height, width = x.shape
    shape = (*leading, height + 2 * padding, width + 2 * padding)
    out = np.zeros(shape, dtype=x.dtype)
    out[..., padding : padding + height, padding : padding + width] = x
    return out


def correlate2d(image, kernel, stride=1, padding=0):
    """Activation map of one filter: its response at every place of the image.

    This is cross-correlation, which networks call convolution: the kernel is not
    flipped.

    Parameters
    ----------
    image : array (H, W), floating
    kernel : array (KH, KW), the dtype of ``image``
    stride : int
        Pixels from one place to the next, along both axes.
    padding : int
        Width of the frame of zeros around the image, in pixels.

    Returns
    -------
    array (OH, OW), the dtype of ``image``
        ``out[i, j]`` is the response to the patch whose first pixel is
        ``(i * stride, j * stride)`` of the padded image; OH and OW follow from
        :func:`output_size`.

    Raises
    ------
    ValueError
        For an impossible geometry, as :func:`output_size`.
    """
    kernel_height, kernel_width = kernel.shape
    out_height = output_size(image.shape[0], kernel_height, stride, padding)
    out_width = output_size(image.shape[1], kernel_width, stride, padding)
    padded = pad2d(image, padding)
    out = np.zeros((out_height, out_width), dtype=image.dtype)
    # BEGIN SOLUTION
    for i in range(out_height):
        for j in range(out_width):
            top, left = i * stride, j * stride
            patch = padded[top : top + kernel_height, left : left + kernel_width]
            out[i, j] = filter_response(patch, kernel)
    # END SOLUTION
    return out


def convolve2d(image, kernel):
    """True convolution, the mathematician's: the kernel is turned by 180 degrees first.

    Only full overlaps of kernel and image count ("valid").

    Parameters
    ----------
    image : array (H, W), floating
    kernel : array (KH, KW), the dtype of ``image``

    Returns
    -------
    array (H - KH + 1, W - KW + 1), the dtype of ``image``
        ``out[i, j]`` is the sum over u, v of
        ``image[i + u, j + v] * kernel[KH - 1 - u, KW - 1 - v]``.

    Raises
    ------
    ValueError
        For a kernel larger than the image.
    """
    return correlate2d(image, kernel[::-1, ::-1])


def gradient_magnitude(image):
    """Strength of the edge at each pixel: the length of the gradient (gx, gy).

    gx and gy are the responses of the two Sobel kernels ("valid"), and the length is
    sqrt(gx ** 2 + gy ** 2). The kernel for gx has the rows (-1, 0, 1), (-2, 0, 2),
    (-1, 0, 1); the one for gy is its transpose. Neither is normalised, and the result
    is not clipped.

    Parameters
    ----------
    image : array (H, W), floating, at least 3 pixels on each side

    Returns
    -------
    array (H - 2, W - 2), the dtype of ``image``
        A slope of 1 per pixel along one axis gives 8.

    Source: Sobel and Feldman's operator, as in Gonzalez and Woods, "Digital Image
    Processing", section 10.2.
    """
    sobel_x = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=image.dtype)
    gx = correlate2d(image, sobel_x)
    gy = correlate2d(image, sobel_x.T)
    return np.sqrt(gx**2 + gy**2)
