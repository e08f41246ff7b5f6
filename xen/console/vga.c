// SPDX-License-Identifier: MIT
/*
 * VGA text output.  The adapter's memory is only ever written, with scrolling done in a
 * shadow copy: reads from it are an order of magnitude slower than from RAM.
 */
#include "console/vga.h"
#include "console/log.h"
#include "lib/string.h"
#include "machine/machine.h"

#define COLUMNS 80
#define ROWS 25
#define TEXT_BASE 0xb8000UL
#define BLANK 0x0720 /* a space, light grey on black */
#define CRTC_INDEX 0x3d4 /* and data in the next port */
#define CRTC_CURSOR_HIGH 0x0e
#define CRTC_CURSOR_LOW 0x0f

/* Under the log lock. */
static u16 shadow[ROWS][COLUMNS];
static unsigned int row, column;

static void copy_out(unsigned int first, unsigned int count)
{
	volatile u16 *screen = phys_to_virt(TEXT_BASE);

	for (unsigned int i = 0; i < count * COLUMNS; i++)
		screen[first * COLUMNS + i] = shadow[first + i / COLUMNS][i % COLUMNS];
}

static void clear_row(unsigned int r)
{
	for (unsigned int i = 0; i < COLUMNS; i++)
		shadow[r][i] = BLANK;
}

/* True when the whole screen has moved. */
static bool new_line(void)
{
	column = 0;
	if (row < ROWS - 1) {
		row++;
		return false;
	}
	memmove(shadow[0], shadow[1], sizeof(shadow) - sizeof(shadow[0]));
	clear_row(ROWS - 1);
	return true;
}

static void set_cursor(void)
{
	unsigned int at = row * COLUMNS + column;

	port_out(CRTC_INDEX, 1, CRTC_CURSOR_HIGH);
	port_out(CRTC_INDEX + 1, 1, at >> 8);
	port_out(CRTC_INDEX, 1, CRTC_CURSOR_LOW);
	port_out(CRTC_INDEX + 1, 1, at & 0xff);
}

static void vga_write(struct log_sink *sink __unused, const char *text, size_t len)
{
	unsigned int first = row;
	bool all = false;

	for (size_t i = 0; i < len; i++) {
		u8 c = (u8)text[i];

		if (c == '\n' || column == COLUMNS)
			all |= new_line();
		if (c == '\r')
			column = 0;
		else if (c == '\b' && column)
			column--;
		else if (c == '\t')
			column = min((column + 8) & ~7U, (unsigned int)COLUMNS - 1);
		else if (c >= ' ')
			shadow[row][column++] = (u16)((BLANK & 0xff00) | c);
	}
	if (all)
		copy_out(0, ROWS);
	else
		copy_out(first, row - first + 1);
	set_cursor();
}

static struct log_sink vga_sink = {.name = "vga", .write = vga_write};

void vga_init(void)
{
	for (unsigned int r = 0; r < ROWS; r++)
		clear_row(r);
	copy_out(0, ROWS);
	log_sink_add(&vga_sink);
}

void vga_stop(void)
{
	log_sink_disable(&vga_sink);
}

void vga_cursor(u16 *col, u16 *line)
{
	*col = (u16)min(column, (unsigned int)COLUMNS - 1);
	*line = (u16)row;
}
