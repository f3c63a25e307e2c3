// Frames of bytes in, bus accesses, frames of bytes out. Knows nothing of the serial line's timing.
//
//   request   op  tag  address (3)  count - 1  [count words, op 1]        CRC-32 (4)
//   response  op + 0x80  tag  [count words, op 2]  status                 CRC-32 (4)
//
// op: 1 write, 2 read; count: 1 to 64 words of 32 bits, at neighbouring addresses; numbers lowest byte first.
// status: 0 good; bit 0: the bus refused a word (the others were written or read); bit 1: op, count, address
// or length are wrong together, nothing was done. Frames lie between bytes END; END and ESC inside are
// ESC ESC_END and ESC ESC_ESC (SLIP).
//
// A request is buffered and reaches the bus only when its CRC is right. A frame that is damaged, too short
// or too long, or that came while another was at work, is dropped without an answer: dropped_o for a
// cycle. in_valid_i waits for nobody; in_error_i says that a byte was lost.
module bcq_link (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        in_valid_i,
  input  logic        in_error_i,
  input  logic [7:0]  in_data_i,

  output logic        out_valid_o,
  input  logic        out_ready_i,
  output logic [7:0]  out_data_o,

  output logic        bus_valid_o,    // stays until bus_ready_i, which ends the access
  input  logic        bus_ready_i,
  output logic        bus_write_o,
  output logic [23:2] bus_address_o,
  output logic [31:0] bus_data_o,
  input  logic        bus_error_i,
  input  logic [31:0] bus_data_i,

  output logic        busy_o,
  output logic        dropped_o
);

  localparam logic [7:0] End = 8'hC0, Esc = 8'hDB, EscEnd = 8'hDC, EscEsc = 8'hDD;
  localparam int unsigned HeaderBytes = 6, CrcBytes = 4;
  localparam int unsigned BufferW = 9;  // the longest frame: 6 + 64 * 4 + 4 = 266 bytes
  localparam logic [BufferW-1:0] Shortest = BufferW'(HeaderBytes + CrcBytes);

  typedef enum logic [3:0] {
    StReceive, StHeader, StGather, StBus, StBegin, StOp, StTag, StWord, StStatus, StCrc, StEnd
  } state_e;

  state_e             state_d, state_q;
  logic [BufferW-1:0] at_d, at_q;          // bytes received, then the next one to read
  logic [BufferW-1:0] length_d, length_q;  // of the request
  logic [1:0]         byte_d, byte_q;      // of a word or of the CRC
  logic               escape_d, escape_q;  // the byte before was ESC: of the one in, or of the one out
  logic               bad_d, bad_q;        // the frame that comes in is damaged
  logic               write_d, write_q;
  logic [23:0]        address_d, address_q;
  logic [5:0]         count_d, count_q;
  logic               last_d, last_q;      // the last word has been on the bus
  logic [31:0]        data_d, data_q;
  logic               error_d, error_q;
  logic               refused_d, refused_q;

  // ---- Bytes in: escapes taken out, into the buffer and the CRC ------------------------------------------

  logic       is_end, is_esc, escape_bad, put;
  logic [7:0] in_byte, buffer_data;

  assign is_end     = in_data_i == End;
  assign is_esc     = in_data_i == Esc;
  assign in_byte    = !escape_q ? in_data_i : in_data_i == EscEnd ? End : Esc;
  assign escape_bad = escape_q && in_data_i != EscEnd && in_data_i != EscEsc;
  assign put        = state_q == StReceive && in_valid_i && !is_end && (escape_q || !is_esc);

  bcq_word_memory #(.Words(1 << BufferW), .Width(8)) u_buffer (
    .clk_i,
    .write_i(put), .write_addr_i(at_q), .write_data_i(in_byte),
    .read_i(state_q != StReceive), .read_addr_i(at_q), .data_o(buffer_data)
  );

  // ---- Bytes out: escapes put in ---------------------------------------------------------------------------

  logic       sending, framing, escaping, sent;
  logic       crc_init, crc_start, crc_busy, crc_good;
  logic [7:0] out_byte, crc_out;

  assign framing = state_q == StBegin || state_q == StEnd;
  assign sending = framing || state_q == StOp || state_q == StTag || state_q == StWord || state_q == StStatus
                 || state_q == StCrc;

  always_comb begin
    unique case (state_q)
      StOp:     out_byte = {1'b1, buffer_data[6:0]};
      StTag:    out_byte = buffer_data;
      StWord:   out_byte = data_q[7:0];
      StStatus: out_byte = {6'd0, refused_q, error_q};
      default:  out_byte = crc_out;
    endcase
  end
  assign escaping    = !framing && !escape_q && (out_byte == End || out_byte == Esc);
  assign out_valid_o = sending && !crc_busy;
  assign out_data_o  = framing  ? End
                     : escaping ? Esc
                     : escape_q ? (out_byte == End ? EscEnd : EscEsc)
                     : out_byte;
  assign sent        = out_valid_o && out_ready_i && !escaping;

  assign crc_start = put || (sent && !framing);
  bcq_crc32 u_crc (
    .clk_i,
    .init_i(crc_init), .start_i(crc_start), .drain_i(state_q == StCrc),
    .data_i(state_q == StReceive ? in_byte : out_byte),
    .busy_o(crc_busy), .good_o(crc_good), .out_o(crc_out)
  );

  // ---- Requests -----------------------------------------------------------------------------------------------

  always_comb begin
    state_d   = state_q;
    at_d      = at_q;
    length_d  = length_q;
    byte_d    = byte_q;
    escape_d  = escape_q;
    bad_d     = bad_q;
    write_d   = write_q;
    address_d = address_q;
    count_d   = count_q;
    last_d    = last_q;
    data_d    = data_q;
    error_d   = error_q;
    refused_d = refused_q;
    crc_init  = 1'b0;
    dropped_o = 1'b0;

    // At work: of what comes in, only an END can begin a frame that is whole.
    if (in_valid_i) bad_d = !is_end;

    unique case (state_q)
      StReceive: begin                     // a frame comes in
        bad_d = bad_q;
        if (in_valid_i && is_end) begin
          if (!bad_q && !escape_q && at_q >= Shortest && crc_good) state_d = StHeader;
          else dropped_o = at_q != '0;
          length_d = at_q;
          at_d     = '0;
          bad_d    = 1'b0;
          escape_d = 1'b0;
          crc_init = 1'b1;
        end else if (put) begin
          escape_d = 1'b0;
          at_d     = at_q + 1'b1;
          if (escape_bad || at_q == '1) bad_d = 1'b1;
        end else if (in_valid_i) begin
          escape_d = 1'b1;
        end
      end
      StHeader: begin                      // byte at_q - 1 is on buffer_data
        at_d      = at_q + 1'b1;
        error_d   = 1'b0;
        unique case (at_q[2:0])
          3'd1: begin
            write_d   = buffer_data[0];
            refused_d = buffer_data != 8'd1 && buffer_data != 8'd2;
          end
          3'd3, 3'd4, 3'd5: address_d = {buffer_data, address_q[23:8]};
          3'd6: begin
            count_d = buffer_data[5:0];
            if (buffer_data[7:6] != '0 || address_q[1:0] != '0
                || length_q != (write_q ? Shortest + BufferW'(4) + {1'b0, buffer_data[5:0], 2'd0} : Shortest))
              refused_d = 1'b1;
            byte_d  = '0;
            state_d = write_q && !refused_d ? StGather : StBegin;
            if (state_d == StBegin) at_d = '0;
          end
          default: ;
        endcase
      end
      StGather: begin                      // four bytes make a word
        data_d = {buffer_data, data_q[31:8]};
        byte_d = byte_q + 1'b1;
        if (byte_q == '1) state_d = StBus;
        else at_d = at_q + 1'b1;
      end
      StBus: if (bus_ready_i) begin
        if (!write_q) data_d = bus_data_i;
        if (bus_error_i) error_d = 1'b1;
        address_d[23:2] = address_q[23:2] + 1'b1;
        count_d = count_q - 1'b1;
        last_d  = count_q == '0;
        at_d    = write_q && count_q != '0 ? at_q + 1'b1 : '0;
        state_d = !write_q ? StWord : count_q == '0 ? StBegin : StGather;
      end
      StBegin: if (sent) state_d = StOp;   // END, so that what the line made up before is a frame apart
      StOp: if (sent) begin
        at_d    = BufferW'(1);
        state_d = StTag;
      end
      StTag: if (sent) state_d = write_q || refused_q ? StStatus : StBus;
      StWord: if (sent) begin
        data_d = {buffer_data, data_q[31:8]};
        byte_d = byte_q + 1'b1;
        if (byte_q == '1) state_d = last_q ? StStatus : StBus;
      end
      StStatus: if (sent) state_d = StCrc;
      StCrc: if (sent) begin
        byte_d = byte_q + 1'b1;
        if (byte_q == '1) state_d = StEnd;
      end
      default: if (sent) begin             // StEnd
        at_d     = '0;
        crc_init = 1'b1;
        state_d  = StReceive;
      end
    endcase

    if (sending && out_valid_o && out_ready_i) escape_d = escaping;
    if (in_error_i) bad_d = 1'b1;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= StReceive;
      at_q     <= '0;
      escape_q <= 1'b0;
      // What came before the first END is no frame, and the CRC has not begun.
      bad_q    <= 1'b1;
    end else begin
      state_q  <= state_d;
      at_q     <= at_d;
      escape_q <= escape_d;
      bad_q    <= bad_d;
    end
  end
  always_ff @(posedge clk_i) begin
    length_q  <= length_d;
    byte_q    <= byte_d;
    write_q   <= write_d;
    address_q <= address_d;
    count_q   <= count_d;
    last_q    <= last_d;
    data_q    <= data_d;
    error_q   <= error_d;
    refused_q <= refused_d;
  end

  assign bus_valid_o   = state_q == StBus;
  assign bus_write_o   = write_q;
  assign bus_address_o = address_q[23:2];
  assign bus_data_o    = data_q;
  assign busy_o        = state_q != StReceive || at_q != '0;

  bcq_stream_rules #(.Width(8)) u_out_rules (
    .clk_i, .rst_ni, .valid_i(out_valid_o), .ready_i(out_ready_i), .data_i(out_data_o)
  );
  bcq_stream_rules #(.Width(55)) u_bus_rules (
    .clk_i, .rst_ni, .valid_i(bus_valid_o), .ready_i(bus_ready_i),
    .data_i({bus_write_o, bus_address_o, bus_data_o})
  );

endmodule
